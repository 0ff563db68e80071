"""A film for the fake camera: a QR code held still before it, as YUV4MPEG2 in plain bytes."""

from __future__ import annotations

from pathlib import Path

import segno

_WIDTH, _HEIGHT = 640, 480
_DARK, _LIGHT, _GREY = 16, 235, 128


def write_film(path: Path, text: str) -> Path:
    """Two frames of the code in the middle of a light wall; the camera plays them again and again."""
    rows = [bytes(row) for row in segno.make(text, error="m").matrix_iter(border=4)]
    scale = min(_WIDTH, _HEIGHT) // len(rows)
    left, top = (_WIDTH - scale * len(rows)) // 2, (_HEIGHT - scale * len(rows)) // 2
    wall = bytes([_LIGHT]) * _WIDTH
    picture = [wall] * top
    for row in rows:
        code = b"".join(bytes([_DARK if module else _LIGHT]) * scale for module in row)
        picture += [wall[:left] + code + wall[left + len(code) :]] * scale
    picture += [wall] * (_HEIGHT - len(picture))
    colour = bytes([_GREY]) * (_WIDTH * _HEIGHT // 2)
    frame = b"FRAME\n" + b"".join(picture) + colour
    path.write_bytes(f"YUV4MPEG2 W{_WIDTH} H{_HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode() + frame * 2)
    return path
