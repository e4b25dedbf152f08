"""What methods are composed of: selection of examples, schedules, corrections, estimates, augmentation."""
