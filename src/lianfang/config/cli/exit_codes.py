"""What ``lianfang reconcile`` ends with (docs/guides/reconcile.md)."""

DONE, DONE_WITH_QUESTIONS, USAGE, REFUSED, CANNOT_WRITE = 0, 1, 2, 3, 4
