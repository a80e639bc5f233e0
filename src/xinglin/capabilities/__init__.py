"""The services of the platform: packages of one shape, listed in `xinglin.app`."""
