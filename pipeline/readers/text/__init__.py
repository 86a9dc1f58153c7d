"""Free writing and print: lines, characters under the alphabet of a field, what is unusual."""
