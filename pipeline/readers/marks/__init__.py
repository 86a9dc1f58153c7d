"""Ticks, circles, boxes blacked out; signature, seal, QR code and separator sheets."""
