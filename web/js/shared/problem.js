// What a refusal means, in words; its code stands beside it in small grey, for whoever helps.
import { html } from 'htm/preact';
import { t, has } from '../strings.js';

/* words: problem_unreachable problem_timeout problem_sign_in problem_wrong_login problem_csrf problem_forbidden
   words: problem_not_found problem_link_spent problem_login_taken problem_password_weak problem_conflict problem_field_invalid
   words: problem_field_missing problem_too_many problem_busy problem_store_unavailable problem_unknown
   words: problem_business_number_invalid problem_show_on_air problem_not_now problem_shop_full problem_stock_taken problem_too_late
   words: problem_sold_out problem_price_changed problem_sales_stopped problem_off_sale problem_over_limit problem_too_many_unpaid
   words: problem_no_pickup problem_cart_full problem_cart_changed problem_idempotency_mismatch problem_idempotency_running
   words: problem_picture_type problem_body_too_large problem_picture_unreadable problem_picture_too_many_pixels
   words: problem_slow_mode problem_frozen problem_muted problem_word problem_rate problem_duplicate problem_too_long problem_empty */

export function problemWords(problem) {
  const key = `problem_${problem.code}`;
  return t(has(key) ? key : 'problem_unknown', { s: Math.max(1, Math.ceil((problem.retryAfterMs ?? 1000) / 1000)) });
}

/** A refusal within a form or page. */
export function Refusal({ problem }) {
  return problem && html`<p class="refusal" role="alert">${problemWords(problem)} <small>${problem.code}</small></p>`;
}
