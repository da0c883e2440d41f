"""The procedures: vocabulary and every decision. Pure; imports nothing else of Handrail."""
