// Who is here. The invitation's secret travels once, from the address into a cookie that no script can read.
import { h } from "./dom.js";
import { get, post } from "./api.js";

/** Takes the secret out of the address, before anything else can see it there; null where there is none. */
export function takeInvitation() {
  const match = /^#invite=([\w-]+)$/.exec(location.hash);
  if (!match) return null;
  history.replaceState(null, "", location.pathname);
  return match[1];
}

/** The labeler's session, from a new invitation or the cookie; null where neither is good, after having said so. */
export async function signIn(invitation, root) {
  let reason = null;
  if (invitation) {
    try {
      await post("api/session", { token: invitation });
    } catch (error) {
      if (error.isTransient) throw error;
      reason = error.message;
    }
  }
  if (!reason) {
    try {
      return await get("api/session");
    } catch (error) {
      if (error.status !== 401) throw error;
      if (error.code === "revoked") reason = error.message;
    }
  }
  askForLink(root, reason);
  return null;
}

/** The page of someone who is not signed in. */
export function askForLink(root, reason) {
  document.title = "Sign in – Labeling";
  const field = h("input", { id: "link", type: "text", autocomplete: "off", spellcheck: "false", placeholder: "https://…/#invite=…", required: true });
  const form = h("form", {
    class: "card signin", onsubmit: (event) => {
      event.preventDefault();
      const token = /(?:#invite=)?([\w-]{20,})\s*$/.exec(field.value)?.[1];
      if (!token) {
        field.setCustomValidity("Expected a link that ends in #invite=…");
        field.reportValidity();
        return;
      }
      location.hash = `#invite=${token}`;
      location.reload();
    },
  },
    h("h1", { tabindex: "-1" }, reason ? "This link does not work" : "Open your invitation link"),
    h("p", {}, reason ?? "You label with a personal link. Open the one you were sent, or paste it here."),
    reason ? h("p", {}, "Ask whoever invited you for a new one.") : null,
    h("label", { for: "link" }, "Invitation link"),
    h("div", { class: "row" }, field, h("button", { class: "primary", type: "submit" }, "Continue")));
  field.addEventListener("input", () => field.setCustomValidity(""));
  root.replaceChildren(form);
  root.removeAttribute("aria-busy");
  form.querySelector("h1").focus({ preventScroll: true });
}
