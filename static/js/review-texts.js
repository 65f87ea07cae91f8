/** The sentences that only the review needs: no other page has to fetch them. */

import { learn } from "./i18n.js";
import en from "./texts/review/en.js";

await learn("review", en);
