"""What look and frame share: small pictures, their measures, faces in them. Belongs to no stage."""
