"""Old forms of characters in written names: weighed by how seldom they are written.

穗 differs from 穂 by a stroke that a scan hardly shows, and the line model, which has read much
Chinese, drifts to the old form. What is registered may be either, so both stay among the
alternatives, and where the weight decided a person looks.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.domain.person_names import variants_of
from pipeline.readers.text.alphabets import jis_x_0208
from pipeline.readers.text.text_lines import LineCharacter

# An assumption, no measurement: one name in six that has both forms is registered in the old one.
_OLD_TO_COMMON = 0.2


def common_form_weighed(one: LineCharacter) -> LineCharacter:
    """The character with its old forms weighed; in doubt where another came first by that.

    Args:
        one: A character of a name. Left alone unless its first choice is an old form (level 2 of
            JIS X 0208) and a common form of it (level 1) is among its alternatives.
    """
    old_forms = jis_x_0208(2)
    if one.value not in old_forms:
        return one
    common = {c for c in variants_of(one.value) if c not in old_forms}
    if not any(c in common for c, _ in one.ranked):
        return one
    weighed = [(c, p * _OLD_TO_COMMON if c == one.value else p) for c, p in one.ranked]
    lost = one.probability * (1 - _OLD_TO_COMMON)
    whole = sum(p for _, p in one.ranked)
    ranked = sorted(((c, p * whole / (whole - lost)) for c, p in weighed), key=lambda kv: -kv[1])
    return replace(one, ranked=tuple(ranked), doubtful=one.doubtful or ranked[0][0] != one.value)
