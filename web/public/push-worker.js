/* The service worker of web push: shows a notification, and opens the page that it tells of. It keeps nothing. */
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  const { title, body, url, notification_id } = event.data.json();
  const options = { body, data: { url }, tag: notification_id, icon: "/web/mark.svg", badge: "/web/mark.svg" };
  event.waitUntil(self.registration.showNotification(title, options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.url));
});

async function open(url) {
  const address = new URL(url || "/app/", self.location.origin);
  if (address.origin !== self.location.origin) return self.clients.openWindow(address.href);
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((one) => new URL(one.url).pathname.startsWith("/app"));
  if (!page) return self.clients.openWindow(address.href);
  await page.focus();
  return page.navigate(address.href);
}
