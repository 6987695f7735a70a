/** Notes on platforms by the names of their presets. Read in German only. */
export const PRESET_NOTES: Record<string, string> = {
  youtube_shorts: "Quadratische oder hochkante Videos bis zu drei Minuten werden Shorts; Musik, auf die jemand Anspruch erhebt, sperrt solche über einer Minute.",
  reels: "Nur Reels bis zu 90 s stehen im Reels-Tab. Manche Seiten nennen 1 GB statt 300 MB.",
  tiktok: "Jedes Konto darf drei Minuten veröffentlichen, manche fünf oder zehn.",
  linkedin: "Zehn Minuten vom Telefon, fünfzehn vom Rechner.",
  x: "Die Seite der API nennt 1280 x 1024 als größtes Bild und daneben 1080p für Abonnenten.",
};
