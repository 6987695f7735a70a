/** Shares. */
import { Page } from "~/components/page";

export default function Screen() {
  return <Page title="Shares">{null}</Page>;
}
