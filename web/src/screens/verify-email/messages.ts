import { words } from "~/i18n";

export const t = words({
  en: {
    title: "Confirm your address",
    lead: "The mail that you got has a code. Its link fills it in.",
    code: "Code of the mail",
    confirm: "Confirm",
    confirming: "Confirming your address…",
    done: "Your address is confirmed",
    doneText: "You can sign in now.",
    signIn: "Sign in",
    old: "This code counts no more",
    oldText: "It was used already, or is older than 24 hours. Register again to get a new one; if your address is confirmed already, sign in.",
    register: "Register again",
  },
  de: {
    title: "Adresse bestätigen",
    lead: "Die E-Mail, die Sie bekommen haben, enthält einen Code. Der Link darin trägt ihn ein.",
    code: "Code der E-Mail",
    confirm: "Bestätigen",
    confirming: "Ihre Adresse wird bestätigt …",
    done: "Ihre Adresse ist bestätigt",
    doneText: "Sie können sich jetzt anmelden.",
    signIn: "Anmelden",
    old: "Dieser Code gilt nicht mehr",
    oldText: "Er wurde schon benutzt oder ist älter als 24 Stunden. Registrieren Sie sich noch einmal, um einen neuen zu bekommen; ist Ihre Adresse schon bestätigt, melden Sie sich an.",
    register: "Noch einmal registrieren",
  },
});
