"""The app itself: its files and its texts, with what keeps others out of it."""

from __future__ import annotations

import hashlib
import mimetypes
import zlib
from functools import cache
from importlib.resources import files
from pathlib import Path

from django.conf import settings
from starlette.requests import Request
from starlette.responses import Response

from lianfang.foundation.texts import LANGUAGES
from lianfang.interfaces.field.precache import texts_of
from lianfang.interfaces.field.problems import RequestProblemError

APP = Path(str(files("lianfang.interfaces.field"))) / "app"
PATH = "/field/"
# No inline script or style; WebAssembly reads bar codes; blob and mediastream are the camera's picture.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob: mediastream:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Asked about each time, and sent only where it changed: the service worker keeps them.
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}
_TYPES = {
    ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".html": "text/html",
    ".webmanifest": "application/manifest+json", ".json": "application/json", ".css": "text/css",
    ".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2",
}  # fmt: skip
_ALREADY_PACKED = (".png", ".woff2")
_PACK_FROM = 1_000


async def app_file(request: Request) -> Response:
    """A file of the app; ``texts/<language>.json`` are its words."""
    name = request.path_params.get("name", "") or "index.html"
    content, kind = _content(name)
    headers = dict(_HEADERS)
    if settings.IS_BEHIND_PROXY:
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
    if name == "sw.js":
        headers["Service-Worker-Allowed"] = PATH
    headers["ETag"] = f'W/"{hashlib.sha256(content).hexdigest()[:24]}"'
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    packs = "gzip" in request.headers.get("accept-encoding", "") and not name.endswith(_ALREADY_PACKED)
    if packs and len(content) > _PACK_FROM:
        packer = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        content = packer.compress(content) + packer.flush()
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=kind, headers=headers)


def _content(name: str) -> tuple[bytes, str]:
    """A file's bytes and type. Raises RequestProblemError 404."""
    folder, _, rest = name.partition("/")
    if folder == "texts":
        language = rest.removesuffix(".json")
        if language in LANGUAGES and rest.endswith(".json"):
            return _texts(language), "application/json"
        raise RequestProblemError(404, "unknown_file")
    path = (APP / name).resolve()
    is_ours = path.is_relative_to(APP.resolve()) and not any(part.startswith(".") for part in Path(name).parts)
    if not is_ours or not path.is_file():
        raise RequestProblemError(404, "unknown_file")
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return path.read_bytes(), kind


@cache
def _texts(language: str) -> bytes:
    return texts_of(language)
