"""What every page shares: the frame, the design system, languages, errors, exports."""
