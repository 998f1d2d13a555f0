"""Where things lie on a drawing, in its own pixels: y grows downwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """A straight stroke."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class Box:
    """Upright, all of it inside."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def grown(self, by: float) -> Box:
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def holds(self, other: Box) -> bool:
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom

    def touches(self, other: Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def meets(self, stroke: Segment) -> bool:
        """Whether any of the stroke lies inside."""
        if max(stroke.x1, stroke.x2) < self.left or min(stroke.x1, stroke.x2) > self.right:
            return False
        if max(stroke.y1, stroke.y2) < self.top or min(stroke.y1, stroke.y2) > self.bottom:
            return False
        sides = (
            (stroke.x1, stroke.x2 - stroke.x1, self.left, self.right),
            (stroke.y1, stroke.y2 - stroke.y1, self.top, self.bottom),
        )
        # As shares of the stroke: it enters in both ways, and leaves in one.
        enters, leaves = 0.0, 1.0
        for begin, length, low, high in sides:
            if length:
                first, last = sorted(((low - begin) / length, (high - begin) / length))
                enters, leaves = max(enters, first), min(leaves, last)
        return enters <= leaves


@dataclass(frozen=True)
class Taken:
    """What is drawn already."""

    strokes: tuple[Segment, ...] = ()
    boxes: tuple[Box, ...] = ()

    def leaves(self, box: Box) -> bool:
        """Whether nothing lies there."""
        return not any(box.touches(one) for one in self.boxes) and not any(
            box.meets(one) for one in self.strokes
        )

    def with_boxes(self, boxes: Iterable[Box]) -> Taken:
        return Taken(self.strokes, (*self.boxes, *boxes))


def level_without(stroke: Segment, boxes: Iterable[Box]) -> list[Segment]:
    """A level stroke, but for what of it lies in the boxes."""
    left, found = stroke.x1, []
    for box in sorted(boxes, key=lambda one: one.left):
        if box.meets(stroke):
            if box.left > left:
                found.append(Segment(left, stroke.y1, box.left, stroke.y1))
            left = max(left, box.right)
    if left < stroke.x2:
        found.append(Segment(left, stroke.y1, stroke.x2, stroke.y1))
    return found
