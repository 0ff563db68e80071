// What a scan means while sampling: a tube's label, a household's or a person's pre-registration code, an identity
// document. The same reading as lab_testing/codes.py and identification.py.

const SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const OUR_TUBE = /^[A-Z][A-Z0-9]{0,7}-[0-9]{6}[A-Z0-9]$/;
const OWN = /^LF([PH])([0-9]{6,18})([A-HJ-NP-Z]{6})([A-Z0-9])$/;
const ANY_TUBE = /^[0-9A-Z][0-9A-Z./_-]{3,29}$/;
const RESIDENT_ID = /^[1-9][0-9]{16}[0-9X]$|^[1-9][0-9]{14}$/;
const OTHER_ID = /^[A-Z]{1,3}[0-9]{6,12}$/;
const PHONE = /^1[3-9][0-9]{9}$/;
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

// Full-width characters and spaces, as scanners and people make them.
export const tidy = (text) =>
  text.replace(/[！-～]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0)).replace(/\s+/g, "").toUpperCase();

// ISO 7064 mod 37,36.
export function isWhole(text) {
  let check = 18;
  for (const sign of text) {
    const value = SIGNS.indexOf(sign);
    if (value < 0) return false;
    check = ((((check || 36) * 2) % 37) + value) % 36;
  }
  return check === 1;
}

export function isResidentId(code) {
  if (!RESIDENT_ID.test(code)) return false;
  if (code.length === 15) return true;
  const sum = WEIGHTS.reduce((total, weight, place) => total + weight * Number(code[place]), 0);
  return "10X98765432"[sum % 11] === code[17];
}

// {kind: tube|household|person|document|misread|name, code, id}. ``knowsTube``: whether a label is one of this round.
export function readScan(text, knowsTube) {
  const code = tidy(text);
  const own = OWN.exec(code);
  if (own) return isWhole(code) ? { kind: own[1] === "H" ? "household" : "person", id: Number(own[2]), mark: own[3], code } : { kind: "misread", code };
  if (knowsTube(code)) return { kind: "tube", code };
  if (OUR_TUBE.test(code)) return { kind: isWhole(code.replace("-", "")) ? "tube" : "misread", code };
  if (RESIDENT_ID.test(code)) return { kind: isResidentId(code) ? "document" : "misread", code };
  if (PHONE.test(code)) return { kind: "document", code };
  if (OTHER_ID.test(code)) return { kind: "document", code, isMaybeTube: true };
  if (ANY_TUBE.test(code) && /[0-9]/.test(code)) return { kind: "tube", code, isUnknown: true };
  return { kind: "name", code: text.trim() };
}
