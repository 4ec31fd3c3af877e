"""Show what each stack corrects: predictions after each stack, scores, sheets, animations."""
