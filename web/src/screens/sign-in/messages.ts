import { words } from "~/i18n";

export const t = words({
  en: {
    title: "Sign in",
    email: "E-mail",
    password: "Password",
    signIn: "Sign in",
    code: "Code of your app, or a recovery code",
    codeHint: "Six digits of the authenticator app, or one of the codes that you kept.",
    continue: "Continue",
    startAgain: "Begin again",
  },
  de: {
    title: "Anmelden",
    email: "E-Mail",
    password: "Passwort",
    signIn: "Anmelden",
    code: "Code Ihrer App oder ein Ersatzcode",
    codeHint: "Sechs Ziffern der Authenticator-App, oder einer der Codes, die Sie aufbewahrt haben.",
    continue: "Weiter",
    startAgain: "Von vorn beginnen",
  },
});
