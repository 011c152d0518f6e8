// English, the reading page.
export const READING = {
  "reliability.site": "at this site, of 100 films with this score {had} had it ({low} to {high}); n\u00a0=\u00a0{n}",
  "reliability.all": "at all sites, of 100 films with this score {had} had it ({low} to {high}); n\u00a0=\u00a0{n}",
  "reliability.few": "too few signed films like this to say: n\u00a0=\u00a0{n}",
  "reliability.few.more": "Fewer than {fewest} at this site and at all sites, of this model version.",
  "reliability.range": "Scores from {from} to {to}, this model version.",
  "reliability.biased": "(naive, biased)",
  "reliability.naive": "\"Had it\" is what reports say whose readers saw the AI (naive, biased): it shows agreement, not truth.",
  "reliability.blind": "\"Had it\" is what readers said before they saw the AI.",
  "reliability.note": "\"This score\": the same range of it, this model version, films signed and received since {since}; 95 % intervals.",
  "reliability.never": "How films with these scores turned out has not been counted yet: it is counted each night.",
} as const;
