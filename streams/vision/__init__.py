"""Vision that look and frame share: small frames, their measures, faces. Belongs to no stage."""
