// The pages that a link may lead on to after signing in: ours, and no other site's.
const OWN = /^\/((studies|film)\/[a-z2-7]{24}|criticals|identity|alarms|roster|quality|launch|administration(?:\/[a-z]+)?)?$/;

export const ownPage = (path: string | null): string => (path !== null && OWN.test(path) ? path : "/");
