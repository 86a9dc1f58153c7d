"""Too dark, washed out or blown out by glare: against the paper white, never by the face alone.

A face is as dark as it is. What tells an underexposed photo is that nothing in it is light:
wall, clothes, eyes, highlights.
"""

from __future__ import annotations

import numpy as np

from pipeline.domain.photos import PhotoCheck, PhotoCheckName
from pipeline.photo import glare
from pipeline.photo.checks import verdicts
from pipeline.photo.subject import Subject
from pipeline.photo.thresholds import Limits

NAME = PhotoCheckName.EXPOSURE
BURNT_BELOW_WHITE = 2.0  # L*: nearer to the lightest tone than this shows no skin any more


def assess(subject: Subject, limits: Limits) -> PhotoCheck:
    """The 98th percentile of the photo, how much of the face is blank paper, and glare on it."""
    light = subject.light
    # The lightest tone of this very print: ink on matt paper never reaches the sheet's white.
    low, high, lightest = (float(v) for v in np.percentile(light, (2, 98, 99.5)))
    spread, white = high - low, lightest - BURNT_BELOW_WHITE
    region = subject.face_region()
    burnt = float((light[region] > white).mean()) if region.any() else 0.0
    blown = max(white, limits["glare_from"])
    spot = glare.contrast(subject, blown, limits)
    measures = (
        verdicts.measured_below(high, "L*", limits["high_review"], limits["high_fail"]),
        verdicts.measured_below(
            spread, "spread L*", limits["spread_review"], limits["spread_fail"]
        ),
        verdicts.measured_above(burnt, "burnt share", limits["burnt_review"], limits["burnt_fail"]),
        verdicts.measured_above(spot, "glare L*", limits["glare_review"]),
    )
    extra = (
        ("high_levels", high),
        ("spread_levels", spread),
        ("burnt_share", burnt),
        ("blown_from_levels", blown),
        ("glare_levels", spot),
        ("glare_threshold", limits["glare_review"]),
    )
    return verdicts.decided(NAME, measures, extra)
