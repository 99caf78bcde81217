"""The functions of tinygan.nn made fast for the processor: nothing here that nn does not have."""
