"""What is wrong: judgements over what was recorded."""
