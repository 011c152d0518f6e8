// Who signs in elsewhere: GET /api/sign-in, POST /api/confirmation, POST /api/logout/elsewhere.
export type WaysIn = { provider: string; password: boolean };
export type Errand = { confirmation: string; number: string; url: string };
export type Farewell = { url: string };

// What a window of ours that went to the provider and back tells the page that waits for it.
export type Returned = { confirmed: string } | { signed_in: true };
