"""The forms of pictures, as Vega-Lite specifications. Pure: values in, a specification out."""
