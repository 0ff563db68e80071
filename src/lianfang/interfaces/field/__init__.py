"""The server of the field app: what devices load, send and ask; and the app itself (``app/``)."""
