"""The demo township inside the product."""
