"""What the site remembers: one row a photo. The photos themselves are in S3."""

import zlib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

HUES = ("bicycle", "motorcycle", "bus", "car", "person", "truck")
"""Labels with a colour of their own; another label shares one of these."""


def hue(label: str) -> int:
    """Return the number of a label's colour, the same on every page."""
    return HUES.index(label) if label in HUES else zlib.crc32(label.encode()) % len(HUES)


def plural(label: str) -> str:
    """Return a label in the plural, as English mostly has it."""
    return "people" if label == "person" else f"{label}{'es' if label.endswith('s') else 's'}"


class Tool(models.TextChoices):
    """What a photo was given to."""

    DETECT = "detect", "objects"
    CLASSIFY = "classify", "class"


class Status(models.TextChoices):
    """How far it is, in the API's words."""

    WAITING = "WAITING", "waiting"
    DETECTING = "DETECTING", "looking"
    DONE = "DONE", "done"
    FAILED = "FAILED", "failed"


class PhotoQuerySet(models.QuerySet["Photo"]):
    """Photos, as a request may see them."""

    def of(self, request: HttpRequest) -> "PhotoQuerySet":
        """Return the person's own where there are accounts, else all."""
        return self.filter(owner=request.user.pk) if settings.SITE.accounts else self


class Photo(models.Model):
    """One photo and what was found in it.

    Attributes:
        id: The API's id of the upload; a random one for a classification, which it does not store.
        expires: Until when it may arrive in S3.
        objects_found: As the API answers them: label, confidence, box in pixels.
        thumbnail: A small JPEG of what was classified.
    """

    id = models.CharField(primary_key=True, max_length=32)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE
    )
    tool = models.CharField(max_length=8, choices=Tool)
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    message = models.TextField(blank=True)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=20)
    size = models.PositiveIntegerField()
    created = models.DateTimeField(default=timezone.now, db_index=True)
    expires = models.DateTimeField(null=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    threshold = models.FloatField(null=True)
    objects_found = models.JSONField(default=list)
    label = models.CharField(max_length=100, blank=True)
    confidence = models.FloatField(null=True)
    routed = models.BooleanField(null=True)
    probabilities = models.JSONField(default=dict)
    thumbnail = models.BinaryField(null=True)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        """Newest first."""

        ordering = ("-created",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the photo's page."""
        return reverse("photo", args=[self.id])

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in (Status.DONE, Status.FAILED)

    @property
    def late(self) -> bool:
        """Whether its form has expired."""
        expires: datetime | None = self.expires
        return expires is not None and expires < timezone.now()

    @property
    def picture(self) -> str:
        """The address of the picture that pages show."""
        name = "thumbnail" if self.tool == Tool.CLASSIFY else "original"
        return reverse(name, args=[self.id])

    @property
    def percent(self) -> str:
        """The classification's confidence in percent, with one digit."""
        return f"{100 * (self.confidence or 0):.1f}"

    @property
    def least_percent(self) -> int:
        """The threshold in whole percent."""
        return round(100 * (self.threshold or 0))

    def boxes(self) -> list[dict[str, Any]]:
        """Return what was found as it is drawn: position, label, percent, hue."""
        return [self._box(**found) for found in self.objects_found]

    def _box(self, label: str, confidence: float, box: dict[str, float]) -> dict[str, Any]:
        """Return one box; its label is below its upper edge or ends at its right, to be seen."""
        right = box["left"] > 0.6 * (self.width or 0)
        return {
            **box,
            "label": label,
            "confidence": f"{confidence:.4f}",
            "percent": round(100 * confidence),
            "hue": hue(label),
            "inside": box["top"] < 0.07 * (self.height or 0),
            "right": right,
            "text_x": box["left"] + box["width"] * right,
        }

    def chips(self) -> list[tuple[str, int, int]]:
        """Return each label with its count and hue."""
        return [(label, count, hue(label)) for label, count in self.counts()]

    def shares(self) -> list[tuple[str, str]]:
        """Return each class with its probability in percent, the largest first."""
        ordered = sorted(self.probabilities.items(), key=lambda share: -share[1])
        return [(label, f"{100 * share:.1f}") for label, share in ordered]

    def counts(self) -> list[tuple[str, int]]:
        """Return how often each label was found, the most frequent first."""
        labels = [found["label"] for found in self.objects_found]
        return sorted(
            ((label, labels.count(label)) for label in set(labels)), key=lambda c: (-c[1], c[0])
        )

    def summary(self) -> str:
        """Return what was found, in words: alternative text, and a line in the gallery."""
        if self.status == Status.FAILED:
            return "failed"
        if self.status != Status.DONE:
            return "not done yet"
        if self.tool == Tool.CLASSIFY:
            return f"{self.label}, {100 * (self.confidence or 0):.1f} %"
        parts = [f"{n} {label if n == 1 else plural(label)}" for label, n in self.counts()]
        return ", ".join(parts) or "nothing found"

    def document(self) -> dict[str, Any]:
        """Return what was found as the API's own document."""
        if self.tool == Tool.CLASSIFY:
            return {
                "label": self.label,
                "confidence": self.confidence,
                "threshold": self.threshold,
                "routed": self.routed,
                "probabilities": self.probabilities,
            }
        return {
            "id": self.id,
            "image": {"width": self.width, "height": self.height},
            "threshold": self.threshold,
            "objects": self.objects_found,
        }
