export const ko = {};
export const en = {};
