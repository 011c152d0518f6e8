"""OpenID Connect and OAuth 2: what a provider elsewhere says of a person, what a service proves of itself, where an EHR sends a browser."""
