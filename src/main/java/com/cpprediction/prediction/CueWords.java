package com.cpprediction.prediction;

import java.text.Normalizer;
import java.util.Locale;

/**
 * The words that tell whether a number beside them is a pincode, in English, the scripts of India
 * and their usual abbreviations. Immutable; lookups allocate nothing.
 */
final class CueWords {
  /** Any other word, such as the name of a place. */
  static final byte OTHER = 0;

  /** Pincode, postal code. */
  static final byte LABEL = 1;

  /** "post", which makes "code" a {@link #LABEL}. */
  static final byte POST = 2;

  static final byte CODE = 3;

  /** "number", after any word. */
  static final byte NUMBER = 4;

  static final byte TELEPHONE = 5;

  /** "ph", of a telephone or of a phase. */
  static final byte PH = 6;

  /** A letter that stands for a telephone before a colon: "M:". */
  static final byte TELEPHONE_LETTER = 7;

  /** Order, invoice, company or account, whose number is no place. */
  static final byte REFERENCE = 8;

  /** A word that makes "code" a {@link #REFERENCE}. */
  static final byte CODED = 9;

  /** Room, plot, survey: their number is part of the address. */
  static final byte ROOM = 10;

  /** As {@link #ROOM}, but also the last word of a building's name: "Khadi House". */
  static final byte HOUSE = 11;

  /** Sector, ward, street: their number has few digits. */
  static final byte SECTOR = 12;

  /** "office": a building, or that of a telephone. */
  static final byte OFFICE = 13;

  /** "is", "and": leaves the meaning of the word before. */
  static final byte FILLER = 14;

  /** Unit of length, area or weight, after its number. */
  static final byte UNIT = 15;

  /** State or union territory, its abbreviation, and India. */
  static final byte STATE = 16;

  /** A country or city abroad that names no place in India. */
  static final byte ABROAD = 17;

  /** A country or city abroad that also is part of names in India: "China Bazar". */
  static final byte ABROAD_LAST = 18;

  /** First word of a country of two: "Sri Lanka". */
  static final byte ABROAD_FIRST = 19;

  /** Second word of a country of two. */
  static final byte ABROAD_SECOND = 20;

  /** A country or city abroad, where no pincode says otherwise: "Penha de France, 403521". */
  static final byte ABROAD_UNNUMBERED = 21;

  /** "city", behind the name of one. */
  static final byte CITY = 22;

  /** "uk": Uttarakhand, or the United Kingdom behind a place abroad. */
  static final byte STATE_OR_ABROAD = 23;

  private static final int SEED = 0x811c9dc5; // FNV-1a
  private static final int PRIME = 0x01000193;
  private static final int SIZE = 2_048;

  private static final String[] WORDS = new String[SIZE];
  private static final byte[] KINDS = new byte[SIZE];

  static {
    add(
        LABEL,
        "pin pins pincode pincodes pincod pincd pinecode pinkod pinkode pinno pincodeno postal"
            + " postcode postalcode zip zipcode postalpin"
            + " पिन पीन पिनकोड पीनकोड पिनकोड़ पिनकोडनं पिन्कोड पिंकोड"
            + " পিন পিনকোড পিন্‌কোড પિન પીન પિનકોડ પીનકોડ ਪਿੰਨ ਪਿਨ ਪਿੰਨਕੋਡ ਪਿਨਕੋਡ"
            + " ପିନ ପିନ୍ ପିନକୋଡ ପିନ୍‌କୋଡ୍ பின் பின்கோடு பின்கோட் அஞ்சல்குறியீடு"
            + " పిన్ పిన్‌కోడ్ పిన్కోడ్ ಪಿನ್ ಪಿನ್‌ಕೋಡ್ ಪಿನ್ಕೋಡ್ പിൻ പിന്‍ പിൻകോഡ് پن");
    add(POST, "post अंचल डाक अञ्चल অঞ্চল அஞ்சல்");
    add(CODE, "code codes cod कोड कोड़ কোড কোড્ કોડ ਕੋਡ କୋଡ କୋଡ୍ குறியீடு கோடு కోడ్ ಕೋಡ್ കോഡ് کوڈ");
    add(
        NUMBER,
        "no nos num number numbers numb nmbr nbr nr noo"
            + " नं नंबर नम्बर नंबर् न क्रमांक क्र संख्या নং নম্বর નં નંબર ਨੰ ਨੰਬਰ ନଂ ନମ୍ବର"
            + " எண் நெ నం నెం నంబర్ నెంబర్ ನಂ ಸಂಖ್ಯೆ ನಂಬರ್ നം നമ്പർ نمبر");
    add(
        TELEPHONE,
        "phone phones phon phne phn tel tele telno telephone telephones telefax fax"
            + " faxno mob mobile mobiles mobno mobil mbl mo mobileno phno phoneno cell cellphone"
            + " call contact contacts contactno whatsapp whatsup std isd landline"
            + " helpline tollfree epabx pabx handphone"
            + " फोन फ़ोन फोननं मोबाइल मोबाईल मोबा मो दूरभाष टेलीफोन संपर्क सम्पर्क दूरध्वनी भ्रमणध्वनी"
            + " फैक्स ফোন মোবাইল টেলিফোন ફોન મોબાઇલ મોબાઈલ મો ਫੋਨ ਫ਼ੋਨ ਮੋਬਾਈਲ ଫୋନ ମୋବାଇଲ"
            + " தொலைபேசி போன் செல் கைபேசி மொபைல் ఫోన్ మొబైల్ సెల్ ದೂರವಾಣಿ ಮೊಬೈಲ್ ಫೋನ್ ಮೊ"
            + " ഫോൺ മൊബൈൽ فون موبائل");
    add(PH, "ph");
    add(TELEPHONE_LETTER, "m t f p o r");
    add(
        REFERENCE,
        "order orders orderno orderid awb awbno waybill ewaybill invoice inv bill billno challan"
            + " receipt ref refno reference customer customerid cust custid consumer client account"
            + " acct acc ac cin cinno gst gstin gstn gstno pan panno tan tin vat uin llpin uid"
            + " aadhaar aadhar adhar adhaar aadhaarno ration licence license lic regn registration"
            + " regd ticket docket consignment shipment tracking track parcel packet booking box"
            + " token employee emp empid member membership policy meter otp id identity rr rrno"
            + " transaction txn utr folio loan application appl roll enrolment enrollment card"
            + " inr ptc ftc plc npl opc goi sgc llp iec fssai udyam msme rera micr"
            + " ऑर्डर आर्डर ऑर्डरनं ग्राहक बिल खाता आधार");
    add(
        CODED,
        "branch bank ifsc swift sort dealer vendor store product promo coupon access security hsn"
            + " sac item sku sol dp depot hub route service party scheme station");
    add(
        ROOM,
        "flat flats flatno room rooms roomno rm plot plots plotno plt survey surveys surveyno sy"
            + " syno khasra khasara khatauni khata khatha khatian gat gut gata cts ctsno pillar"
            + " door doorno dno hno hsno houseno shopno unitno qtr qtrs qr arazi dag patta"
            + " holding locker cabin apt tenement lot khewat"
            + " rsno tsno sno"
            + " फ्लैट फ्लॅट रूम कमरा प्लॉट प्लाट सर्वे खसरा गट मकान दुकान भूखंड खोली"
            + " ফ্ল্যাট প্লট ফ્લેટ ફ્લેટ પ્લોટ પ્લૉટ સર્વે પ્લોટનં મકાન દુકાન ప్లాట్ ఫ్లాట్ ಸರ್ವೆ ಪ್ಲಾಟ್");
    add(
        HOUSE,
        "house houses shop shops unit units apartment villa bungalow quarter quarters"
            + " gate pole booth stall kiosk gala");
    add(
        SECTOR,
        "sector sec ward wards block phase street st cross main nh sh highway lane gali galli"
            + " stage road rd avenue milestone सेक्टर वार्ड गली रोड ब्लॉक");
    add(OFFICE, "office off");
    add(
        FILLER,
        "is are res resi residence direct line lines and or hai है both personal alternate alt"
            + " extn ext extension"
            + " और व");
    add(
        UNIT,
        "sq sqft sqm sqmt sft sqyd sqyds ft feet foot km kms mtr mtrs meter meters metre metres"
            + " acre acres hectare kg kgs lakh lakhs crore crores rupees वर्ग फुट");
    add(
        STATE,
        "india bharat andhra pradesh arunachal assam bihar chhattisgarh chattisgarh goa gujarat"
            + " gujrat haryana himachal jharkhand karnataka kerala madhya maharashtra manipur"
            + " meghalaya mizoram nagaland odisha orissa punjab rajasthan sikkim tamilnadu tamil"
            + " nadu telangana tripura uttarakhand uttaranchal uttar bengal delhi puducherry"
            + " pondicherry chandigarh ladakh kashmir jammu lakshadweep andaman daman ap ar as br"
            + " cg ga gj hr hp jh jk ka kl mp mh mn ml mz nl od pb rj sk tn ts tg tr up wb dl"
            + " py ch an भारत दिल्ली महाराष्ट्र प्रदेश बिहार राजस्थान");
    add(
        ABROAD,
        "singapore spore russia moscow moskva beijing shanghai guangzhou shenzhen almaty kazakhstan"
            + " minsk belarus tashkent uzbekistan kyrgyzstan bishkek tajikistan dushanbe"
            + " turkmenistan ashgabat romania bucharest vietnam hanoi colombia bogota ecuador quito"
            + " nigeria seoul kathmandu malaysia indonesia jakarta thailand bangkok australia sydney"
            + " melbourne canada toronto germany japan tokyo uae usa sharjah riyadh doha"
            + " pakistan karachi lahore islamabad bangladesh srilanka nepal");
    add(
        ABROAD_LAST,
        "china dubai london england myanmar bhutan oman muscat qatar kuwait bahrain iran iraq egypt"
            + " kenya ghana mauritius maldives italy spain portugal netherlands belgium switzerland"
            + " sweden norway denmark finland poland ireland scotland brazil mexico argentina"
            + " ukraine turkey israel taiwan philippines manila cambodia tanzania uganda"
            + " ethiopia dhaka colombo minh");
    add(ABROAD_FIRST, "sri shri hong kuala united arab saudi new south north st saint great");
    add(
        ABROAD_SECOND,
        "lanka kong lumpur kingdom states emirates arabia zealand africa petersburg korea");
    add(
        ABROAD_UNNUMBERED,
        "france paris lyon marseille manchester birmingham liverpool leeds edinburgh glasgow"
            + " bristol cardiff belfast britain dublin brussels antwerp amsterdam rotterdam zurich"
            + " geneva vienna austria prague czechia budapest hungary athens greece istanbul ankara"
            + " madrid barcelona lisbon rome naples berlin munich frankfurt hamburg cologne"
            + " stockholm copenhagen helsinki iceland warsaw kyiv kiev bulgaria serbia croatia"
            + " slovenia slovakia lithuania latvia armenia azerbaijan york jersey chicago boston"
            + " houston dallas seattle washington miami philadelphia detroit denver vegas orleans"
            + " angeles francisco california texas florida massachusetts michigan illinois"
            + " pennsylvania vancouver montreal ottawa venezuela bolivia chile cuba"
            + " jamaica brisbane perth auckland fiji osaka kyoto yokohama busan taipei mongolia"
            + " laos phuket yangon brunei penang johor cebu thimphu afghanistan tehran baghdad"
            + " beirut lebanon jordan syria yemen jeddah dammam ajman fujairah abudhabi cairo"
            + " algeria morocco tunisia libya nairobi lagos accra johannesburg durban zambia"
            + " zimbabwe botswana namibia mozambique malawi rwanda congo cameroon senegal"
            + " madagascar seychelles");
    add(CITY, "city");
    add(STATE_OR_ABROAD, "uk");
  }

  private CueWords() {}

  /** Hash of a word before its first character. */
  static int start() {
    return SEED;
  }

  /** Hash of a word with one more character. */
  static int step(int hash, char c) {
    return (hash ^ c) * PRIME;
  }

  /**
   * The kind of the word in {@code text}.
   *
   * @param hash of {@link #step} over its characters
   */
  static byte kind(char[] text, int start, int end, int hash) {
    for (int slot = slot(hash); WORDS[slot] != null; slot = slot + 1 & SIZE - 1) {
      if (equal(WORDS[slot], text, start, end)) return KINDS[slot];
    }
    return OTHER;
  }

  private static boolean equal(String word, char[] text, int start, int end) {
    int length = end - start;
    if (word.length() != length) return false;
    for (int i = 0; i < length; i++) if (word.charAt(i) != text[start + i]) return false;
    return true;
  }

  private static int slot(int hash) {
    return (hash ^ hash >>> 15) & SIZE - 1;
  }

  private static void add(byte kind, String words) {
    for (var written : words.split(" ")) {
      var word = folded(written);
      int hash = SEED;
      for (int i = 0; i < word.length(); i++) hash = step(hash, word.charAt(i));
      int slot = slot(hash);
      while (WORDS[slot] != null) {
        if (WORDS[slot].equals(word)) break;
        slot = slot + 1 & SIZE - 1;
      }
      if (WORDS[slot] != null) continue; // the first meaning counts
      WORDS[slot] = word;
      KINDS[slot] = kind;
    }
  }

  /** As the words of a canonical address. */
  private static String folded(String word) {
    var folded = new StringBuilder();
    Normalizer.normalize(word, Normalizer.Form.NFKC)
        .toUpperCase(Locale.ROOT)
        .toLowerCase(Locale.ROOT)
        .codePoints()
        .filter(c -> Character.getType(c) != Character.FORMAT)
        .forEach(folded::appendCodePoint);
    return folded.toString();
  }
}
