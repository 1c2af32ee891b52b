"""The platforms as local servers that speak their wire protocol."""
