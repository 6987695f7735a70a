import { words } from "~/i18n";

export const t = words({
  en: {
    passkeyEnded: "The passkey was not used",
    passkeyEndedText: "The browser ended it: it was cancelled, took too long, or there is no passkey for this page.",
    passkeyKnown: "This device has a passkey of your account already",
    again: "Please sign in once more",
    againText: "This is done within 30 minutes of a sign-in only, so that nobody does it at a screen that was left open.",
  },
  de: {
    passkeyEnded: "Der Passkey wurde nicht verwendet",
    passkeyEndedText: "Der Browser hat den Vorgang beendet: Er wurde abgebrochen, dauerte zu lange, oder es gibt hier keinen Passkey.",
    passkeyKnown: "Dieses Gerät hat bereits einen Passkey Ihres Kontos",
    again: "Bitte melden Sie sich noch einmal an",
    againText: "Das geht nur innerhalb von 30 Minuten nach einer Anmeldung, damit es niemand an einem verlassenen Bildschirm tut.",
  },
});
