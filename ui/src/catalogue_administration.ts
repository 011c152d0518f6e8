// English, the administration pages.
export const ADMINISTRATION = {} as const;
