// What people write, as far as the pages look at it.

/** Says that returns are refused: not a lawful text for a shop (Act on Consumer Protection in Electronic Commerce, Art. 17). */
export const NO_RETURNS = /(교환|반품|환불)[^.\n]{0,8}(불가|안\s?돼|안\s?됩)/;

/** Looks like a question. */
export const QUESTION = /[?？]|요\s*$|까/;
