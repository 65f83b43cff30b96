// Keeps what is typed as a draft after a pause. Without this file everything is kept when it is saved.
const PAUSE = 1500;

for (const form of document.querySelectorAll("form[data-drafts]")) {
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const kept = form.querySelector("[data-kept]");
  const waiting = new Map();

  const keep = async (ask) => {
    clearTimeout(waiting.get(ask));
    waiting.delete(ask);
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (name === `q-${ask.dataset.question}` || name === `base-${ask.dataset.question}`) body.append(name, value);
    }
    let done = false;
    try {
      const answer = await fetch(ask.dataset.draft, {
        method: "POST", body, headers: { "X-CSRFToken": token }, redirect: "manual", keepalive: body.toString().length < 60000,
      });
      done = answer.ok;
    } catch { done = false; }
    const now = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    kept.textContent = done ? form.dataset.saved.replace("{time}", now) : form.dataset.lost;
  };

  const later = (event) => {
    const ask = event.target.closest("[data-draft]");
    if (!ask || !event.target.name.startsWith("q-")) return;
    clearTimeout(waiting.get(ask));
    waiting.set(ask, setTimeout(keep, PAUSE, ask));
  };
  const now = () => { for (const ask of [...waiting.keys()]) keep(ask); };

  form.addEventListener("input", later);
  form.addEventListener("submit", () => { for (const timer of waiting.values()) clearTimeout(timer); waiting.clear(); });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") now(); });
}
