"""What was measured of readings' risk, and what of them is accepted for the office's target."""
