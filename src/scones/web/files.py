"""Static files under names with their hash, so that browsers keep them for good."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class SiteFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no types
    """Whitenoise's storage, which also writes the hashed names into imports of scripts."""

    support_js_module_import_aggregation = True
