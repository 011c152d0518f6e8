"""Ways a page leaves: mail, HTTP, SMS gateway, chat."""
