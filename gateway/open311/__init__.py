"""Open311 GeoReport v2 over the orders of the hotline: `/open311/v2`, JSON and XML.

Specification: https://wiki.open311.org/GeoReport_v2 and https://wiki.open311.org/Service_Discovery
"""
