/** Webhooks: the endpoints of an organisation, or one of them. */
import { useRoute } from "preact-iso";
import { EndpointDetail } from "./detail";
import { EndpointList } from "./list";
import "./webhooks.css";

export default function Webhooks() {
  const { params } = useRoute();
  return params["id"] ? <EndpointDetail key={params["id"]} id={params["id"]} /> : <EndpointList />;
}
