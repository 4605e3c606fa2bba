// The routes of the app, relative to the page, so that it may be mounted under any path.

export class Gone extends Error {}

const WORDS = {
  401: "The app does not take this token.",
  404: "The app does not know this.",
  409: "Another run is going on.",
  429: "The app was asked too often.",
};

// What the app answered: its status, its JSON, and where it is no success the error, in the one shape that errors have.
export async function ask(path, { method = "GET", token = null } = {}) {
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  let response;
  let body;
  try {
    response = await fetch(`api/${path}`, { method, headers, cache: "no-store", signal: AbortSignal.timeout(60_000) });
    body = await response.text();
  } catch {
    throw new Gone();
  }
  const { ok, status } = response;
  const json = parsed(body);
  const after = response.headers.get("Retry-After");
  const error = typeof json?.error === "string" ? json : {
    error: WORDS[status] ?? `The app answered with status ${status}.`,
    next: after ? `Try again in ${after} s.` : null,
  };
  return { ok: ok && json !== null, status, body: json, error: ok && json !== null ? null : error };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
