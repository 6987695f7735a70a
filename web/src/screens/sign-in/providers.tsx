/** Buttons of the OpenID providers that this installation has. */
import { api, call } from "~/api/client";
import { useQuery } from "~/api/query";
import { Button, LinkButton } from "~/components/button";
import { language } from "~/i18n";
import { t } from "./messages";

function startOf(provider: string): string {
  return `/v1/auth/providers/${encodeURIComponent(provider)}/start`;
}

export function useProviders() {
  return useQuery("providers", (signal) => call(api.GET("/v1/auth/providers", { signal }))).data?.items ?? [];
}

/** `invitation`: its code makes an account for the invited address. */
export function Providers({ invitation, newTab }: { invitation?: string; newTab?: boolean }) {
  const providers = useProviders();
  if (providers.length === 0) return null;
  const begin = async (provider: string) => {
    const body = { invitation: invitation ?? null, locale: language.value };
    const page = await call(api.POST("/v1/auth/providers/{provider}/start", { params: { path: { provider } }, body }));
    location.assign(page.url);
  };
  return (
    <>
      {providers.map((one) => {
        const label = t("provider", { name: one.label });
        if (invitation) return <Button key={one.provider} icon="link" onClick={() => begin(one.provider)}>{label}</Button>;
        return <LinkButton key={one.provider} icon="link" href={startOf(one.provider)} target={newTab ? "_blank" : "_self"}>{label}</LinkButton>;
      })}
      {newTab && <p class="hint">{t("newTab")}</p>}
    </>
  );
}
