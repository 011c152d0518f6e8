"""A text as a QR code (ISO/IEC 18004, level M), by the encoder that draws those of our PDF documents."""

__all__ = ["qr_modules"]


def qr_modules(text: str) -> tuple[str, ...]:
    """Rows of 0 (light) and 1 (dark), without the quiet zone of four that belongs around it. The encoder is loaded for the first one."""
    from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    side = range(code.getModuleCount())
    return tuple("".join("1" if code.isDark(row, column) else "0" for column in side) for row in side)
