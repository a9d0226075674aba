// What a refusal means, in words; its code stands beside it in small grey, for whoever helps.
import { html } from 'htm/preact';
import { t, has } from '../strings.js';

/* words: problem_unreachable problem_timeout problem_sign_in problem_wrong_login problem_csrf problem_forbidden
   words: problem_not_found problem_link_spent problem_login_taken problem_password_weak problem_conflict
   words: problem_too_many problem_busy problem_store_unavailable problem_sold_out problem_price_changed
   words: problem_sales_stopped problem_too_many_unpaid problem_idempotency_running problem_idempotency_mismatch
   words: problem_field_invalid problem_field_missing problem_slow_mode problem_frozen problem_muted problem_banned
   words: problem_too_long problem_picture_refused problem_show_open problem_unknown problem_http_413 problem_repeated
   words: problem_max_per_order */

export function problemWords(problem) {
  const key = `problem_${problem.code}`;
  return t(has(key) ? key : 'problem_unknown', { s: Math.max(1, Math.ceil((problem.retryAfterMs ?? 1000) / 1000)) });
}

/** A refusal within a form or page. */
export function Refusal({ problem }) {
  return problem && html`<p class="refusal" role="alert">${problemWords(problem)} <small>${problem.code}</small></p>`;
}
