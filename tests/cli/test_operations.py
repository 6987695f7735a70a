"""Every operation of the API has a command, or a reason why it has none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import cli
from api.routes import OPERATIONS
from cli.__main__ import make_parser
from tests.docs.test_docs import commands

COMMANDS = {
    "run": (
        "signUpload",
        "signParts",
        "completeUpload",
        "getUpload",
        "createProject",
        "followProject",
        "getIntelligence",
    ),
    "demo": ("getSummary",),
    "estimate": ("estimateProject",),
    "projects": ("listProjects",),
    "project": ("getProject",),
    "cancel": ("cancelProject",),
    "retry": ("retryProject",),
    "delete": ("eraseProject",),
    "rename": ("changeProject", "changeClip", "changeExport"),
    "clips": ("listClips", "findIds"),
    "clip": ("requestClip",),
    "moments": ("listMoments",),
    "edit": ("getClip", "getClipEdit", "editClip", "listClipEditVersions"),
    "handover": ("handOverClip",),
    "preview": ("previewClip",),
    "export": ("requestExport", "requestExports", "getExport"),
    "exports cancel": ("cancelExport",),
    "replay": ("requestReplay", "getReplay"),
    "download": ("downloadExports", "getStoryboard"),
    "share": ("createShare",),
    "shares list": ("listShares",),
    "shares revoke": ("revokeShare",),
    "transcript": ("getTranscript", "correctTranscript"),
    "speakers": ("listSpeakers", "correctSpeakers"),
    "search": ("search",),
    "brand list": ("listBrandKits",),
    "brand show": ("getBrandKit",),
    "brand create": ("createBrandKit", "createAsset", "getAsset"),
    "brand update": ("changeBrandKit",),
    "brand delete": ("archiveBrandKit",),
    "project-presets list": ("listProjectPresets",),
    "project-presets show": ("getProjectPreset",),
    "project-presets create": ("createProjectPreset",),
    "project-presets change": ("changeProjectPreset",),
    "project-presets delete": ("deleteProjectPreset",),
    "webhooks list": ("listEndpoints",),
    "webhooks create": ("createEndpoint",),
    "webhooks update": ("changeEndpoint",),
    "webhooks rotate": ("rotateEndpointSecret",),
    "webhooks enable": ("enableEndpoint",),
    "webhooks test": ("testEndpoint",),
    "webhooks delete": ("deleteEndpoint",),
    "webhooks deliveries": ("listDeliveries", "getDelivery"),
    "webhooks replay": ("replayDelivery", "replayFailedDeliveries"),
    "webhooks recover": ("recoverDeliveries",),
    "webhooks event-types": ("listEventTypes",),
    "listen": ("listMessages",),
    "usage": ("getUsage",),
    "limits": ("getLimits",),
    "billing": ("getBilling", "startCheckout", "openBillingPortal"),
    "plans list": ("listPlans",),
    "plans set": ("setPlan",),
    "keys create": ("createKey",),
    "keys list": ("listKeys",),
    "keys change": ("changeKey",),
    "keys rotate": ("rotateKey",),
    "keys revoke": ("revokeKey",),
    "service-accounts list": ("listServiceAccounts",),
    "service-accounts create": ("createServiceAccount",),
    "service-accounts change": ("changeServiceAccount",),
    "service-accounts disable": ("disableServiceAccount",),
    "clients create": ("createOAuthClient",),
    "clients list": ("listOAuthClients",),
    "clients change": ("changeOAuthClient",),
    "clients rotate": ("rotateOAuthSecret",),
    "clients delete": ("deleteOAuthClient",),
    "audit list": ("listAudit",),
    "audit verify": ("exportAudit",),
    "requests": ("listRequests",),
    "people list": ("listMembers", "listInvitations"),
    "people invite": ("invite",),
    "people accept": ("register",),
    "people role": ("changeMember",),
    "people remove": ("removeMember", "revokeInvitation"),
    "people providers": ("listProviders",),
    "account sessions": ("listSessions",),
    "account end-session": ("revokeSession", "revokeOtherSessions"),
    "account apps": ("listGrants",),
    "account withdraw": ("withdrawGrant",),
    "account organisations": ("listMemberships",),
    "account password": ("changePassword",),
    "notifications list": ("listNotificationPreferences",),
    "notifications set": ("changeNotificationPreferences", "login", "logout"),
    "organisation show": ("getOrganisation",),
    "organisation change": ("changeOrganisation",),
    "organisation create": ("makeOrganisation",),
    "organisation switch": ("refreshSession",),
    "organisation archives": ("listArchives",),
    "organisation export": ("makeArchive", "getArchive"),
    "organisation erase": ("eraseOrganisation", "getMe", "answerChallenge"),
    "organisation erasure": ("getOrganisationErasure",),
    "organisation keep": ("cancelOrganisationErasure",),
    "refused": ("listRefusedUploads",),
    "stuck": ("listStuckProjects",),
    "dead list": ("listDeadLetters",),
    "dead show": ("getDeadLetter",),
    "dead replay": ("replayDeadLetter",),
}
"""Operations by the command that calls them, or starts the part that does."""
OF_A_BROWSER = "a page of the installation, or what a browser does in it"
OF_THE_APP = "drawn by the web app; nothing of it can be read in a terminal"
OF_ANOTHER = "for probes, and programs that speak another protocol or an older one"
LISTED = "its list shows all that it has"
OF_STATISTICS = "for charts; a program takes the JSON, and docs/analytics.md shows how"
OF_A_DEVICE = "a passkey, a code or a browser belongs to a device: people set it up in the web app"
OF_AN_OPERATOR = "an operator's rare act on another organisation, made with care and by hand"
WITHOUT = {
    OF_A_BROWSER: (
        "startProviderSignIn", "prepareProviderSignIn", "finishProviderSignIn", "linkIdentity", "listIdentities",
        "unlinkIdentity", "showUnsubscribePage", "unsubscribe", "getPublicShare", "getSharedCaptions", "getOembed",
        "verifyEmail", "askForPasswordReset", "resetPassword", "acceptInvitation", "getProfile", "changeProfile",
        "eraseAccount", "listAccountErasures", "signInByCode",
    ),
    OF_THE_APP: (
        "followOrganisation", "getSource", "getWaveform", "getTimeline", "getThumbnail", "getSounds", "getAttention",
        "listTranscriptVersions", "listBrandKitVersions", "listEntities", "listTopics", "listPresets",
        "listCaptionTemplates", "getCaptionTemplate", "listNotificationKinds", "changeShare", "getShare", "getPreview",
    ),
    OF_ANOTHER: (
        "describeTus", "createTusUpload", "getTusUpload", "appendTusUpload", "endTusUpload", "overrideTusMethod",
        "ingestProject", "detectClips", "uploadVideo", "getJob", "downloadClip", "downloadCaptions", "getJobsHealth",
        "giveTokens", "revokeToken", "introspectToken", "listSigningKeys", "getOAuthServerMetadata",
        "getOAuthResourceMetadata", "receiveStripeEvent", "getMetrics", "abortUpload", "getHealth", "getReadiness",
    ),
    LISTED: ("getKey", "getServiceAccount", "getOAuthClient", "getEndpoint", "listAssets", "archiveAsset"),
    OF_STATISTICS: (
        "getProjectsPerHour", "getMinutesProcessed", "getFailuresByReason", "getProjectsChart", "getCostChart",
        "getClipsByTemplate", "getClipsByLength", "getStageTimes", "getFailuresChart", "getOverview",
    ),
    OF_A_DEVICE: (
        "getSecondFactors", "enrolTotp", "confirmTotp", "disableTotp", "renewRecoveryCodes", "removePasskey",
        "beginPasskeyRegistration", "registerPasskey", "listPasskeys", "beginPasskeySignIn", "signInWithPasskey",
        "getPushKey", "registerPushSubscription", "listPushSubscriptions", "deletePushSubscription",
    ),
    OF_AN_OPERATOR: (
        "eraseForeignOrganisation", "getForeignErasure", "readWeights", "setWeights", "resetWeights",
    ),
}  # fmt: skip
"""Operations without a command, by the reason."""


def test_every_operation_has_a_command_or_a_reason() -> None:
    named = [name for names in (*COMMANDS.values(), *WITHOUT.values()) for name in names]
    assert sorted(named) == sorted(set(named)), "an operation stands twice"
    operations = {operation.name for operation in OPERATIONS}
    assert operations - set(named) == set(), "give it a command, or say here why it has none"
    assert set(named) - operations == set(), "these are gone"


def test_the_commands_exist() -> None:
    there = {name.removeprefix("clipstream ") for name in commands(make_parser())}
    assert set(COMMANDS) - there == set()


def test_the_sources_name_the_paths_of_their_operations() -> None:
    patterns = [re.compile(pattern) for path in Path(cli.__path__[0]).rglob("*.py") for pattern in _path_patterns(path)]
    called = {name for names in COMMANDS.values() for name in names}
    paths = {operation.name: operation.path for operation in OPERATIONS if operation.name in called}
    missing = {name for name, path in paths.items() if not any(one.fullmatch(path) for one in patterns)}
    assert missing == set(), "no command calls these"


def _path_patterns(path: Path) -> Iterator[str]:
    """Paths that a module writes down, each value of another name as a wildcard; queries are cut off."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        texts = [
            re.escape(part.value) if isinstance(part, ast.Constant) and isinstance(part.value, str) else ".*"
            for part in parts
        ]
        pattern = "".join(texts).split(re.escape("?"))[0]
        if pattern.startswith("/") or (pattern.startswith(".*/") and len(pattern) > len(".*/")):
            yield pattern
