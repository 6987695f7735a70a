"""Every operation of the API, in the order of its document."""

from __future__ import annotations

from api.access import audit, keys, request_log, service_accounts
from api.billing import checkout, limits, stripe_webhook, usage
from api.brand import assets, caption_templates, kits
from api.clips import create as clips_create
from api.clips import edits, interchange
from api.clips import handlers as clips_handlers
from api.exports import (
    bundles,
    cancel,
    presets,
    previews,
    replays,
)
from api.exports import (
    create as exports_create,
)
from api.exports import (
    handlers as exports_handlers,
)
from api.health import handlers as health_handlers
from api.http.operations import Operation
from api.identity import (
    members,
    new_passwords,
    one_time_codes,
    organisations,
    passkeys,
    profile,
    registration,
    second_factors,
    sign_in,
    signing_keys,
)
from api.identity.providers import account_identities, provider_sign_in
from api.jobs import job_results, job_uploads
from api.labels import handlers as labels_handlers
from api.media import source, thumbnail, timeline, waveform
from api.notifications import preferences, push_subscriptions, unsubscribe
from api.oauth import clients as oauth_clients
from api.oauth import metadata, person_grants, tokens
from api.organisation import (
    account,
    analytics,
    archives,
    attention,
    charts,
    dead_letters,
    erasure,
    live_changes,
    overview,
    score_weights,
    stuck,
)
from api.projects import estimates, events, option_presets, retry
from api.projects import handlers as projects_handlers
from api.search import abbreviated_ids
from api.search import handlers as search_handlers
from api.sharing import handlers as sharing_handlers
from api.sharing import public_shares
from api.transcripts import acoustics, corrections, intelligence, speakers
from api.transcripts import handlers as transcripts_handlers
from api.uploads import handlers as uploads_handlers
from api.uploads import refusals, tus
from api.webhooks import deliveries as webhook_deliveries
from api.webhooks import endpoint_actions, endpoints
from api.webhooks import messages as webhook_messages

OPERATIONS: tuple[Operation, ...] = (
    *refusals.OPERATIONS,
    *tus.OPERATIONS,
    *uploads_handlers.OPERATIONS,
    *estimates.OPERATIONS,
    *projects_handlers.OPERATIONS,
    *retry.OPERATIONS,
    *option_presets.OPERATIONS,
    *events.OPERATIONS,
    *live_changes.OPERATIONS,
    *source.OPERATIONS,
    *waveform.OPERATIONS,
    *timeline.OPERATIONS,
    *thumbnail.OPERATIONS,
    *transcripts_handlers.OPERATIONS,
    *acoustics.OPERATIONS,
    *intelligence.OPERATIONS,
    *speakers.OPERATIONS,
    *corrections.OPERATIONS,
    *clips_handlers.OPERATIONS,
    *clips_create.OPERATIONS,
    *edits.OPERATIONS,
    *interchange.OPERATIONS,
    *exports_create.OPERATIONS,
    *exports_handlers.OPERATIONS,
    *cancel.OPERATIONS,
    *labels_handlers.OPERATIONS,
    *bundles.OPERATIONS,
    *presets.OPERATIONS,
    *previews.OPERATIONS,
    *replays.OPERATIONS,
    *sharing_handlers.OPERATIONS,
    *public_shares.OPERATIONS,
    *caption_templates.OPERATIONS,
    *assets.OPERATIONS,
    *kits.OPERATIONS,
    *score_weights.OPERATIONS,
    *search_handlers.OPERATIONS,
    *analytics.OPERATIONS,
    *charts.OPERATIONS,
    *endpoints.OPERATIONS,
    *endpoint_actions.OPERATIONS,
    *webhook_deliveries.OPERATIONS,
    *webhook_messages.OPERATIONS,
    *abbreviated_ids.OPERATIONS,
    *account.OPERATIONS,
    *attention.OPERATIONS,
    *usage.OPERATIONS,
    *limits.OPERATIONS,
    *keys.OPERATIONS,
    *service_accounts.OPERATIONS,
    *audit.OPERATIONS,
    *request_log.OPERATIONS,
    *registration.OPERATIONS,
    *sign_in.OPERATIONS,
    *one_time_codes.OPERATIONS,
    *second_factors.OPERATIONS,
    *passkeys.OPERATIONS,
    *provider_sign_in.OPERATIONS,
    *account_identities.OPERATIONS,
    *new_passwords.OPERATIONS,
    *profile.OPERATIONS,
    *members.OPERATIONS,
    *organisations.OPERATIONS,
    *archives.OPERATIONS,
    *erasure.OPERATIONS,
    *preferences.OPERATIONS,
    *push_subscriptions.OPERATIONS,
    *unsubscribe.OPERATIONS,
    *signing_keys.OPERATIONS,
    *metadata.OPERATIONS,
    *tokens.OPERATIONS,
    *oauth_clients.OPERATIONS,
    *person_grants.OPERATIONS,
    *checkout.OPERATIONS,
    *stripe_webhook.OPERATIONS,
    *dead_letters.OPERATIONS,
    *stuck.OPERATIONS,
    *overview.OPERATIONS,
    *health_handlers.OPERATIONS,
    *job_uploads.OPERATIONS,
    *job_results.OPERATIONS,
)
