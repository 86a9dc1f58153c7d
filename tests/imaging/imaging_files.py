"""Files for these tests, good and bad, each fault by name."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image
from pypdf import PdfReader, PdfWriter


def picture(width: int = 600, height: int = 800, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (height // 20 + 1, width // 20 + 1, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.NEAREST)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()


def pdf_of_pages(count: int) -> bytes:
    writer = PdfWriter()
    for _ in range(count):
        writer.add_blank_page(595, 842)
    sink = io.BytesIO()
    writer.write(sink)
    return sink.getvalue()


def pdf_of_scans(count: int, width: int, height: int) -> bytes:
    """A PDF of grey scans, each its own packed image, as a scanner with a feeder writes it."""
    packed = zlib.compress(bytes([250]) * (width * height), 1)
    shown = b"q 595 0 0 842 0 0 cm /I Do Q"
    kids = b" ".join(b"%d 0 R" % (3 + 3 * n) for n in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, kids),
    ]
    for n in range(3, 3 + 3 * count, 3):
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /XObject << /I %d 0 R >> >> >>" % (n + 2, n + 1),
            b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray"
            b" /BitsPerComponent 8 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
            % (width, height, len(packed), packed),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(shown), shown),
        ]
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    places = []
    for number, one in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, one))
    start, size = out.tell(), len(objects) + 1
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (size, start))
    return out.getvalue()


def encrypted_pdf() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(saved(picture(), "PDF"))))
    writer.encrypt("secret", algorithm="AES-256")
    sink = io.BytesIO()
    writer.write(sink)
    return sink.getvalue()


def png_bomb(side: int = 60_000) -> bytes:
    """A PNG of a few kB whose header promises gigapixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def pdf_bomb(side: int = 50_000) -> bytes:
    """A PDF page that is one image of gigapixels."""
    good = saved(picture(64, 64).convert("L"), "PDF", resolution=72)
    return good.replace(b"/Width 64", b"/Width %d" % side).replace(
        b"/Height 64", b"/Height %d" % side
    )


def thin_png() -> bytes:
    return saved(Image.new("L", (1, 20_000), 200), "PNG")


def truncated_tiff() -> bytes:
    whole = saved(picture().convert("1"), "TIFF", compression="group4")
    # PIL writes the pixel strips after the directory.
    return whole[: len(whole) * 2 // 3]


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "FILE_EMPTY"),
    "disguised": (b"MZ\x90\x00" + bytes(500), "FILE_TYPE_UNKNOWN"),
    "text": ("氏名 見本太郎".encode(), "FILE_TYPE_UNKNOWN"),
    "truncated jpeg": (saved(picture(), "JPEG")[:-4000], "FILE_TRUNCATED"),
    "truncated png": (saved(picture(), "PNG")[:-300], "FILE_TRUNCATED"),
    "truncated tiff": (truncated_tiff(), "FILE_TRUNCATED"),
    "truncated pdf": (saved(picture(), "PDF")[:3000], "FILE_TRUNCATED"),
    "damaged pdf": (b"%PDF-1.4\n" + bytes(2000) + b"\n%%EOF", "FILE_UNREADABLE"),
    "encrypted pdf": (encrypted_pdf(), "FILE_ENCRYPTED"),
    "png bomb": (png_bomb(), "FILE_TOO_LARGE"),
    "1 x 20000": (thin_png(), "FILE_TOO_THIN"),
    "3000 pages": (pdf_of_pages(3000), "FILE_TOO_LARGE"),
}
