/** Web push to this browser: the service worker of the app shows what comes. */
import { api, call } from "~/api/client";
import { asProblem } from "~/api/problem";
import { fromBase64Url } from "~/session/passkey";
import { BASE } from "~/routes";
import { programName } from "../program";

/** Id of this browser's registration; the API tells no address of one again. */
const KEPT = "clipstream.push";
const SCRIPT = `${BASE}/push-worker.js`;

interface Policy {
  createScriptURL: (url: string) => unknown;
}

/** The content policy asks that addresses of scripts come of a policy; this one makes the one that there is. */
function scriptUrl(): string {
  const factory = (window as { trustedTypes?: { createPolicy: (name: string, rules: object) => Policy } }).trustedTypes;
  policy ??= factory?.createPolicy("clipstream-push", { createScriptURL: () => SCRIPT }) ?? null;
  return (policy ? policy.createScriptURL(SCRIPT) : SCRIPT) as string;
}

let policy: Policy | null | undefined;

export type PushState = "impossible" | "denied" | "off" | "on";

export async function readPushState(): Promise<PushState> {
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !window.isSecureContext) return "impossible";
  if (Notification.permission === "denied") return "denied";
  const worker = await navigator.serviceWorker.getRegistration(`${BASE}/`);
  return (await worker?.pushManager.getSubscription()) ? "on" : "off";
}

/** Ask for permission, subscribe, and tell the API. Throws what the browser or the API refused. */
export async function subscribePush(): Promise<PushState> {
  if ((await Notification.requestPermission()) !== "granted") return readPushState();
  await navigator.serviceWorker.register(scriptUrl(), { scope: `${BASE}/` });
  const worker = await navigator.serviceWorker.ready;
  const { public_key: key } = await call(api.GET("/v1/notifications/push-key"));
  const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: fromBase64Url(key) });
  const { endpoint = "", keys } = subscription.toJSON();
  const body = { endpoint, keys: { p256dh: keys?.["p256dh"] ?? "", auth: keys?.["auth"] ?? "" }, label: programName(navigator.userAgent) };
  try {
    const registered = await call(api.POST("/v1/account/push-subscriptions", { body }));
    localStorage.setItem(KEPT, registered.subscription_id);
  } catch (error) {
    await subscription.unsubscribe();
    throw error;
  }
  return "on";
}

/** Whether one of the listed registrations is that of this browser: it ends with the session that made it. */
export function isListed(ids: readonly string[]): boolean {
  return ids.includes(localStorage.getItem(KEPT) ?? "");
}

export async function unsubscribePush(): Promise<PushState> {
  const kept = localStorage.getItem(KEPT);
  localStorage.removeItem(KEPT);
  if (kept) {
    // gone already where its session has ended
    await call(api.DELETE("/v1/account/push-subscriptions/{subscription_id}", { params: { path: { subscription_id: kept } } })).catch((error: unknown) => {
      if (asProblem(error).status !== 404) throw error;
    });
  }
  const worker = await navigator.serviceWorker.getRegistration(`${BASE}/`);
  await (await worker?.pushManager.getSubscription())?.unsubscribe();
  await worker?.unregister();
  return "off";
}
